/** The plural form of a number by language, by the browser's own rules: what the module of a language's texts asks for. */

const ruleOf = (language: string) => {
  const rules = new Intl.PluralRules(language);
  return (value: number): Intl.LDMLPluralRule => rules.select(value);
};

/** English: one, other. */
export const en = ruleOf("en");
/** French: one (also of 0), many (of millions), other. */
export const fr = ruleOf("fr");
/** Arabic: zero, one, two, few, many, other. */
export const ar = ruleOf("ar");
