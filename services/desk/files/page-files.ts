/** All files of the pages as browsers get them, prepared when the first one is requested, and cached. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Config } from "../../../mesh/config.ts";
import { Packing, type PageFile } from "../desk.contract.ts";
import { type Language, LANGUAGES, messagesOf } from "./messages.ts";
import { linked, type Linked, PAGES, withoutComments } from "./modules.ts";
import { packageFile } from "./packages.ts";

/** Files under this path never change: their name contains a hash of their content. */
const FIXED = "/f/";
/** The best compression saves a twelfth of the files that every page loads. For the two megabytes of the barcode library it would take seconds. */
const [BROTLI_BEST, BROTLI_OF_LARGE] = [11, 9];
/** Size from which a file counts as large, bytes. */
const LARGE_FROM = 100_000;

type DeskConfig = Pick<Config, "access" | "hospitalTimeZone" | "organization">;

interface Made {
  type: string;
  content: Buffer;
  packed: Map<Packing, Promise<Buffer>>;
}

/** Provides the files of the pages. */
export class PageFiles {
  readonly #config: DeskConfig;
  #made: Map<string, Made> | undefined;

  /** @param config what the pages must know of the hospital: nothing secret */
  constructor(config: DeskConfig) {
    this.#config = config;
  }

  /** Paths of all files. */
  get paths(): string[] {
    return [...this.#all().keys()];
  }

  /** @returns null if there is no such file @throws Error for an invalid text or module */
  async get(path: string, packing: Packing): Promise<PageFile | null> {
    const made = this.#all().get(path);
    if (!made) return null;
    return {
      type: made.type,
      etag: `"${hashOf(made.content)}"`,
      isImmutable: path.startsWith(FIXED),
      base64: (await packed(made, packing)).toString("base64"),
    };
  }

  #all(): Map<string, Made> {
    this.#made ??= this.#make();
    return this.#made;
  }

  #make(): Map<string, Made> {
    const made = new Map<string, Made>();
    const add = (path: string, type: string, text: string) =>
      made.set(path, { type: `${type}; charset=utf-8`, content: Buffer.from(text), packed: new Map() });
    const { start, modules } = linked(`/desk${FIXED}`);
    for (const { address, text } of modules) add(address.slice("/desk".length), "text/javascript", text);
    const style = styleSheet();
    const styleName = `${FIXED}style.${hashOf(Buffer.from(style))}.css`;
    add(styleName, "text/css", style);
    add("/", "text/html", this.#document(start, `/desk${styleName}`));
    return made;
  }

  #document({ address, needs }: Linked["start"], style: string): string {
    const { access, hospitalTimeZone, organization = "" } = this.#config;
    const fill: Record<string, string> = {
      START: address,
      STYLE: style,
      PRELOAD: needs.map((one) => `<link rel="modulepreload" href="${one}">`).join("\n"),
      ACCESS: access,
      TIME_ZONE: hospitalTimeZone,
      ORGANIZATION: organization,
      NOT_STARTED: LANGUAGES.map(notStarted).join("\n"),
    };
    return readFileSync(join(PAGES, "index.html"), "utf8").replace(/%([A-Z_]+)%/g, (_, name: string) => fill[name] ?? "");
  }
}

/** What the document says while, and if, the pages do not start: what loads the texts may be missing. The link loads the document again. */
function notStarted(language: Language): string {
  const { "page.notStarted": text, "page.reload": reload } = messagesOf(language);
  return `<p lang="${language}" dir="auto">${text} <a href="">${reload}</a></p>`;
}

/** The style sheets in order of their names, after the library's own. */
function styleSheet(): string {
  const folder = join(PAGES, "styles");
  const own = readdirSync(folder).sort();
  return [packageFile("uplot", "dist/uPlot.min.css"), ...own.map((name) => join(folder, name))]
    .map((file) => withoutComments(readFileSync(file, "utf8")))
    .join("\n");
}

function packed({ content, packed: known }: Made, packing: Packing): Promise<Buffer> {
  const bytes = known.get(packing) ?? pack(content, packing);
  known.set(packing, bytes);
  return bytes;
}

const pack = (content: Buffer, packing: Packing): Promise<Buffer> =>
  packing === Packing.br
    ? promisify(brotliCompress)(content, {
        params: { [constants.BROTLI_PARAM_QUALITY]: content.length < LARGE_FROM ? BROTLI_BEST : BROTLI_OF_LARGE },
      })
    : promisify(gzip)(content, { level: 9 });

const hashOf = (content: Buffer): string => createHash("sha256").update(content).digest("base64url").slice(0, 16);
