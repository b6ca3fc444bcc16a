import { Fences } from "./fences.ts";

describe("the fences of a process that alone writes to its file", () => {
  const patient = (id: number | string) => ({ type: "Patient", id: `${id}`, version: 1 });
  const NOW = 1_800_000_000_000;

  beforeEach(() => {
    jest.useFakeTimers({ now: NOW });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("never give up one that is valid for a new one: the new one is refused instead", () => {
    const fences = new Fences(2);
    for (const id of [1, 2]) expect(fences.set(patient(id), { token: "a", expiresAt: NOW + 15_000 })).toBe(true);
    expect(fences.set(patient(3), { token: "a", expiresAt: NOW + 15_000 })).toBe(false);
    expect([1, 2, 3].map((id) => fences.get(`Patient/${id}`, NOW))).toEqual([1, 1, undefined]);
    expect(fences.delete("Patient/1", "a")).toBe(true);
    expect(fences.set(patient(3), { token: "a", expiresAt: NOW + 15_000 })).toBe(true);
  });

  it("make room when they have expired, also where others of the same resource are valid", () => {
    const fences = new Fences(1_000);
    for (let id = 0; id < 999; id += 1) fences.set(patient(id), { token: "a", expiresAt: NOW + 15_000 });
    fences.set(patient(0), { token: "b", expiresAt: NOW + 60_000 });
    expect(fences.set(patient("new"), { token: "a", expiresAt: NOW + 15_000 })).toBe(false);
    jest.setSystemTime(NOW + 20_000);
    expect(fences.set(patient("new"), { token: "a", expiresAt: NOW + 35_000 })).toBe(true);
    expect(fences.get("Patient/0", NOW + 20_000)).toBe(1);
    expect(fences.delete("Patient/0", "a")).toBe(false);
    expect(fences.delete("Patient/0", "b")).toBe(true);
  });

  it("are looked at about once each, however many deletions there are", () => {
    const fences = new Fences();
    const looks = [jest.spyOn(Array.prototype, "some"), jest.spyOn(Array.prototype, "filter")];
    for (let id = 0; id < 12_000; id += 1) {
      jest.setSystemTime(NOW + id);
      fences.set(patient(id), { token: `${id}`, expiresAt: NOW + id + 15_000 });
    }
    const times = looks.reduce((sum, look) => sum + look.mock.calls.length, 0);
    for (const look of looks) look.mockRestore();
    expect(times).toBeLessThan(40_000);
  });
});
