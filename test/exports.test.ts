/** Every export says in a sentence what it is: shape, unit, limit, error. */
import { contentOf, filesUnder, ROOMS } from "./kit/map.ts";

const EXPORT = /^export (?:default )?(?:async )?(?:abstract )?(?:function\*?|class|const|let|interface|type|enum) +(\w+)/gm;

/** Names that the file exports by a declaration without a comment before it, but for one to the linter. Overloads of one function share the first one's. */
function undocumented(text: string): string[] {
  const seen = new Set<string>();
  return [...text.matchAll(EXPORT)].flatMap(({ 1: name = "", index }) => {
    const isMore = seen.has(name);
    seen.add(name);
    return isMore || /\*\/\n(?:\/\/ biome-ignore .*\n)?$/.test(text.slice(0, index)) ? [] : [name];
  });
}

/** Sources that run; tests and test kits are left out. */
const files = [...ROOMS.flatMap((room) => filesUnder(room, /(?<!\.test)\.ts$/)), "moleculer.config.ts"];

describe("an export", () => {
  it("without a comment is seen", () => {
    expect(
      undocumented("/** One. */\nexport const one = 1;\n\nexport const two = 2;\n// Three.\nexport function three(): void {}\n"),
    ).toEqual(["two", "three"]);
    expect(undocumented("/** A or B. */\nexport const A = { a: 1 } as const;\nexport type A = keyof typeof A;\n")).toEqual([]);
  });

  it.each(ROOMS)("of %s/ is documented", (room) => {
    const found = files
      .filter((file) => file.startsWith(`${room}/`))
      .flatMap((file) => undocumented(contentOf(file)).map((name) => `${file}: ${name}`));
    expect(found).toEqual([]);
  });
});
