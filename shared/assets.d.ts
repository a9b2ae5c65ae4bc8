// Files that the bundler embeds: their imports are texts, or paths of files.
declare module "*.sql" {
  const text: string;
  export default text;
}
declare module "*/VERSION" {
  const text: string;
  export default text;
}
declare module "swagger-ui-dist/*" {
  const path: string;
  export default path;
}
