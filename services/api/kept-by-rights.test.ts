import type { Directory } from "../../federation/directory.ts";
import type { Rights } from "../../mesh/access/access.ts";
import { KeptByRights } from "./kept-by-rights.ts";

describe("what is made from the services that run", () => {
  const rights = () => ({}) as Rights;
  const system = (generation = 1) => ({ generation }) as Directory;
  function maker() {
    const kept = new KeptByRights<number>();
    let made = 0;
    const next = () => {
      made += 1;
      return made;
    };
    return (directory: Directory, who?: Rights) => kept.get(directory, who, next);
  }

  it("is made once for all callers with the same rights, and for each system", () => {
    const get = maker();
    const [hospital, clinic, nurse] = [system(), system(), rights()];
    expect([get(hospital), get(hospital), get(hospital, nurse), get(hospital, nurse), get(clinic)]).toEqual([1, 1, 2, 2, 3]);
  });

  it("is made again when services have come or gone", () => {
    const get = maker();
    const hospital = system();
    expect([get(hospital), get(hospital)]).toEqual([1, 1]);
    hospital.generation += 1;
    expect([get(hospital), get(hospital)]).toEqual([2, 2]);
  });

  it("is kept for the rights that asked last, however many there are", () => {
    const get = maker();
    const hospital = system();
    const [often, once] = [rights(), rights()];
    get(hospital, often);
    get(hospital, once);
    for (let other = 0; other < 100; other += 1) {
      get(hospital, rights());
      expect(get(hospital, often)).toBe(1);
    }
    expect(get(hospital, once)).toBe(103);
  });
});
