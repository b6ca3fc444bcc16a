import { randomBytes } from "node:crypto";
import { Assembly, cut } from "./fragments.ts";
import { nonNull } from "../fhir/non-null.ts";

const limits = { packetBytes: 1000, pendingBytes: 1500, patienceMs: 100 };
const parts = (id: string, packet: Buffer, size: number) => [...cut(id, packet, size)];

describe("a packet in parts", () => {
  it.each([1, 99, 100, 101, 200, 1000])("of %i bytes arrives as it was sent", (size) => {
    const packet = randomBytes(size);
    const assembly = new Assembly(limits);
    const results = parts("a", packet, 100).map(([label, part]) => assembly.add(label, part, 0));
    expect(results.pop()?.equals(packet)).toBe(true);
    expect(results.every((result) => result === undefined)).toBe(true);
    expect(assembly.pendingBytes).toBe(0);
  });

  it("is not mixed up with another whose parts arrive in between", () => {
    const [one, two] = [randomBytes(250), randomBytes(300)];
    const assembly = new Assembly(limits);
    const [a, b] = [parts("a", one, 100), parts("b", two, 100)];
    const arrived = a.flatMap((part, index) => [part, nonNull(b[index])]).map(([label, part]) => assembly.add(label, part, 0));
    expect(arrived.filter((packet) => packet !== undefined)).toEqual([one, two]);
  });

  it("is dropped if a part is lost", () => {
    const assembly = new Assembly(limits);
    const [first, , third] = parts("a", randomBytes(300), 100);
    expect(assembly.add(...nonNull(first), 0)).toBeUndefined();
    expect(assembly.add(...nonNull(third), 0)).toBeUndefined();
    expect(assembly.pendingBytes).toBe(0);
  });

  it("is dropped if its next part does not arrive in time", () => {
    const assembly = new Assembly(limits);
    const [first] = parts("a", randomBytes(300), 100);
    assembly.add(...nonNull(first), 0);
    assembly.expire(99);
    expect(assembly.pendingBytes).toBe(100);
    assembly.expire(100);
    expect(assembly.pendingBytes).toBe(0);
  });

  it("that is incomplete counts towards a limit, beyond which the oldest is dropped", () => {
    const assembly = new Assembly(limits);
    for (let sender = 0; sender < 50; sender++) {
      for (const [label, part] of parts(`s${sender}`, randomBytes(1000), 400).slice(0, 2)) assembly.add(label, part, sender);
      expect(assembly.pendingBytes).toBeLessThanOrEqual(limits.pendingBytes);
    }
    expect(assembly.pendingBytes).toBe(800);
  });

  it.each(["", "a", "a;0;2;-1", "a;0;2;1001", "a;1;2;200", "a;0;0;NaN"])("with the senseless label %p is ignored", (label) => {
    const assembly = new Assembly(limits);
    expect(assembly.add(label, randomBytes(10), 0)).toBeUndefined();
    expect(assembly.pendingBytes).toBe(0);
  });
});
