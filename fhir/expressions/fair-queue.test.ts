import { FairQueue } from "./fair-queue.ts";

const taskOf = (client: string, name = client, isSuspect = false) => ({ client, name, isSuspect });

describe("tasks that wait for the worker", () => {
  const queue = (most = 10) => new FairQueue<ReturnType<typeof taskOf>>(most);
  const namesOf = (of: ReturnType<typeof queue>, count: number) => Array.from({ length: count }, () => of.take()?.name);

  it("of one client are done in order, those that were too costly before last", () => {
    const tasks = queue();
    for (const task of [taskOf("a", "1", true), taskOf("a", "2"), taskOf("a", "3")]) tasks.add(task);
    expect(namesOf(tasks, 4)).toEqual(["2", "3", "1", undefined]);
  });

  it("of a client who has used less time come first, however many another has sent before", () => {
    const tasks = queue();
    for (const name of ["1", "2", "3", "4"]) tasks.add(taskOf("hostile", name));
    expect(tasks.take()?.name).toBe("1");
    tasks.count("hostile", 300);
    tasks.add(taskOf("nurse"));
    tasks.add(taskOf("nurse"));
    expect(tasks.take()?.name).toBe("nurse");
    tasks.count("nurse", 5);
    expect(namesOf(tasks, 2)).toEqual(["nurse", "2"]);
  });

  it("are all equal again when none is left", () => {
    const tasks = queue();
    tasks.add(taskOf("a"));
    tasks.take();
    tasks.count("a", 300);
    tasks.add(taskOf("b"));
    tasks.take();
    tasks.add(taskOf("a"));
    tasks.add(taskOf("b"));
    expect(namesOf(tasks, 2)).toEqual(["a", "b"]);
  });

  it("are limited: the last one of the client with the most gives way, and others are accepted", () => {
    const tasks = queue(3);
    for (const name of ["1", "2", "3"]) expect(tasks.add(taskOf("hostile", name))).toBeUndefined();
    expect(tasks.add(taskOf("hostile", "4"))?.name).toBe("4");
    expect(tasks.add(taskOf("nurse"))?.name).toBe("3");
    expect(tasks.size).toBe(3);
    expect(namesOf(tasks, 3)).toEqual(["1", "2", "nurse"]);
  });
});
