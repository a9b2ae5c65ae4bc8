import { BlockList, isIP } from "node:net";

/**
 * Parses the addresses and ranges in the setting `name`, such as `127.0.0.0/8, ::1`. Throws an error that quotes the
 * faulty part. Returns a set whose `check` tells whether an address is in one of the ranges. Despite the name of Node's
 * class `BlockList`, the set serves as an allowlist.
 */
export function parseAddressRanges(name: string, text: string): BlockList {
  const list = new BlockList();
  for (const part of text
    .split(",")
    .map((piece) => piece.trim())
    .filter(Boolean)) {
    const [address = "", bits] = part.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    const most = family === "ipv6" ? 128 : 32;
    const prefix = bits === undefined ? most : Number(bits);
    if (isIP(address) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > most || bits === "")
      throw new Error(
        `${name} contains ${JSON.stringify(part)}, which is not an address or a range; expected addresses or ranges such as 127.0.0.0/8, separated by commas`,
      );
    list.addSubnet(address, prefix, family);
  }
  return list;
}
