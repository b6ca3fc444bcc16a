import { consonantsOf, scriptOf } from "./across-scripts.ts";
import { fold } from "./fold.ts";

const key = (name: string) => consonantsOf(fold(name));

describe("a name in two scripts", () => {
  it.each([
    ["محمد", "Mohamed", "Muhammad", "MOHAMMED"],
    ["خديجة", "Khadidja", "Khadija"],
    ["يوسف", "Youcef", "Yusuf"],
    ["عبد القادر", "Abdelkader", "Abd el-Kader"],
    ["شريف", "Cherif", "Sharif"],
    ["غنية", "Ghania"],
    ["وليد", "Oualid", "Walid"],
    ["عثمان", "Othmane", "Uthman"],
    ["قدور", "Kaddour", "Gaddour"],
    ["فاطمة", "Fatima", "Fatma"],
    ["مُحَمَّد", "Mohamed"],
  ])("has the same consonants: %s, %s", (arabic, ...latin) => {
    expect(new Set([arabic, ...latin].map(key)).size).toBe(1);
    expect(key(arabic)).not.toBe("");
  });

  it.each([
    ["محمد", "Ahmed"],
    ["خالد", "Halima"],
    ["شريف", "Serif"],
    ["غربي", "Kherbi"],
  ])("has others than another name: %s, %s", (arabic, latin) => {
    expect(key(arabic)).not.toBe(key(latin));
  });

  it("has one script, or none that is compared", () => {
    expect(["محمد", "mohamed", "محمد mohamed", "Мария", "42"].map((it) => scriptOf(fold(it)))).toEqual([
      "arabic",
      "latin",
      undefined,
      undefined,
      undefined,
    ]);
  });
});
