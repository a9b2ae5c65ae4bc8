/** Style sheets export nothing. Importing one makes the bundler include it in the page's style sheet. */
declare module "*.css";
