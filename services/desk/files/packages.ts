/** Packages that the pages import, each as one file that browsers can load. */
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);

/** By import specifier: the package, and its file for browsers. */
const FILES: Record<string, [name: string, file: string]> = {
  preact: ["preact", "dist/preact.mjs"],
  "preact/hooks": ["preact", "hooks/dist/hooks.mjs"],
  htm: ["htm", "dist/htm.module.js"],
  "@preact/signals": ["@preact/signals", "dist/signals.module.js"],
  "@preact/signals-core": ["@preact/signals-core", "dist/signals-core.module.js"],
  "@messageformat/runtime": ["@messageformat/runtime", "esm/runtime.js"],
  uplot: ["uplot", "dist/uPlot.esm.js"],
  "bwip-js": ["bwip-js", "dist/bwip-js.mjs"],
};

/** By import specifier: own modules in place of a package's. */
const OWN: Record<string, string> = {
  "@messageformat/runtime/lib/cardinals": join(import.meta.dirname, "../pages/platform/plurals.ts"), // that has the rules of 200 languages
};

/** A file of an installed package. */
export function packageFile(name: string, file: string): string {
  const main = require.resolve(name);
  const folder = join("node_modules", name);
  return join(main.slice(0, main.lastIndexOf(folder) + folder.length), file);
}

/** The file for an import of a package; undefined if the pages do not have it. */
export function browserFile(specifier: string): string | undefined {
  const found = FILES[specifier];
  return found ? packageFile(...found) : OWN[specifier];
}
