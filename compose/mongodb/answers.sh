# Exits with 0 if this container's MongoDB answers a ping. It connects to the host name, so that the temporary server of
# the first start, which listens only on 127.0.0.1, does not count.
set -eu
exec 3<>"/dev/tcp/${HOSTNAME}/27017"

# {ping: 1, $db: "admin"} as an OP_MSG of 51 bytes: header (length, request id 1, no responseTo, opcode 2013), no flags,
# and one section with the document of 30 bytes.
header='\x33\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0'
document='\x1e\0\0\0\x10ping\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0'
printf "${header}${document}" >&3

# The reply begins with {ok: 1.0}: type double (01), "ok", eight bytes of 1.0.
answer=$(timeout 3 head -c 38 <&3 | od -An -v -tx1 | tr -d ' \n')
case $answer in
  *016f6b00000000000000f03f*) ;;
  *) echo "MongoDB did not report ok; its reply was ${answer:-empty}"; exit 1 ;;
esac
