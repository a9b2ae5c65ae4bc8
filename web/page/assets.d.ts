/** Style sheets have no exports; they are imported only for the bundler. */
declare module "*.css";
