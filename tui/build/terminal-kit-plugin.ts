import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BunPlugin } from "bun";

/** Widgets that the terminal UI never uses. */
const UNUSED = /\.\/(document\/|vte\/)/;

/**
 * Makes terminal-kit's computed and lazy `require` calls static, because a compiled binary can load only modules that
 * the bundler has seen. Terminal.js loads terminal configurations this way, and termkit.js loads its lazy properties.
 */
export const terminalKitPlugin: BunPlugin = {
  name: "terminal-kit",
  setup(build) {
    build.onLoad({ filter: /[\\/]terminal-kit[\\/]lib[\\/]Terminal\.js$/ }, ({ path }) => ({
      contents: withStaticConfigurations(readFileSync(path, "utf8"), join(dirname(path), "termconfig")),
      loader: "js",
    }));
    build.onLoad({ filter: /[\\/]terminal-kit[\\/]lib[\\/]termkit\.js$/ }, ({ path }) => ({
      contents: withStaticProperties(readFileSync(path, "utf8")),
      loader: "js",
    }));
  },
};

function withStaticConfigurations(source: string, folder: string): string {
  const names = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const table = names.map((name) => `${JSON.stringify(name)}: () => require("./termconfig/${name}")`);
  const lookUp = `const loadTermconfig = ((table) => (name) => {
  if (!Object.hasOwn(table, name)) throw new Error("Unknown terminal " + name);
  return table[name]();
})({ ${table.join(", ")} });\n`;
  return (
    lookUp +
    replaced(
      source,
      /require\( '\.\/termconfig\/' \+ term\.termconfigFile \)/g,
      () => "loadTermconfig( term.termconfigFile )",
    )
  );
}

function withStaticProperties(source: string): string {
  const inline = replaced(source, /lazy\.requireProperties\( termkit , \{([\s\S]*?)\} \) ;/, (_, list) => {
    const properties = [...list.matchAll(/^\s*(\w+): '([^']+)'/gm)]
      .filter(([, , path]) => !UNUSED.test(String(path)))
      .map(([, name, path]) => `${name}: () => require( '${path}' )`);
    return `lazy.properties( termkit , { ${properties.join(" , ")} } ) ;`;
  });
  const withTty = replaced(
    inline,
    /lazy\.requireProperty\( termkit , 'tty' , '\.\/tty\.js' \) ;/,
    () => "lazy.property( termkit , 'tty' , () => require( './tty.js' ) ) ;",
  );
  // Removes the branch for browsers, which would make the bundler include every module.
  return replaced(withTty, /if \( process\.browser[\s\S]*?return ;\n\}/, () => "");
}

/** Replaces a pattern in terminal-kit's source. Throws if a new release no longer matches, so the build fails. */
function replaced(source: string, pattern: RegExp, by: (...groups: string[]) => string): string {
  const result = source.replace(pattern, by);
  if (result === source) throw new Error(`terminal-kit no longer contains ${pattern}`);
  return result;
}
