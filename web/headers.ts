/**
 * The hash of an empty style element. xterm.js appends style elements, which stay empty because the page puts their
 * rules into constructed style sheets.
 */
const EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/**
 * The page's response headers. The content security policy allows nothing from other hosts and nothing inline except
 * empty style elements. A test compares the headers with nginx's configuration.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    `default-src 'none'; script-src 'self'; style-src 'self' ${EMPTY_STYLE}; font-src 'self'; img-src 'self' data:; ` +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};
