/** Finds nginx, even if the user's PATH omits the system folders; null if it is not installed. */
export function findNginx(): string | null {
  return Bun.which("nginx", { PATH: `${process.env.PATH ?? ""}:/usr/sbin:/usr/local/sbin` });
}
