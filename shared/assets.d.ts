// The bundler embeds these files. Importing one yields its text or its path.
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
