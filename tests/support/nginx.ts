/** The path of nginx, even where a user's PATH omits the system folders; null when it is not installed. */
export function findNginx(): string | null {
  return Bun.which("nginx", { PATH: `${process.env.PATH ?? ""}:/usr/sbin:/usr/local/sbin` });
}
