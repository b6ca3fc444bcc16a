import { jest } from "@jest/globals";
import { Errors, ServiceBroker } from "moleculer";
import { consoleLogger, faultOf } from "./log.ts";

describe("the log", () => {
  let lines: string[];
  beforeEach(() => {
    lines = [];
    for (const way of ["log", "warn", "error"] as const) {
      jest.spyOn(console, way).mockImplementation((line) => void lines.push(String(line)));
    }
  });
  afterEach(() => {
    jest.restoreAllMocks();
    jest.useRealTimers();
  });
  const said = (format: "text" | "json" = "text", level: "info" | "debug" = "info") =>
    new ServiceBroker({ nodeID: "lab-1", logger: consoleLogger(level, format) }).getLogger("transit");

  it("counts the calls of each action for themselves: the count beside one does not contain those of another", () => {
    jest.useFakeTimers();
    const logger = said();
    lines = [];
    for (const action of ["journal.note", "patients.fhir.write", "patients.fhir.write"]) logger.warn(`Request '${action}' is timed out.`);
    jest.advanceTimersByTime(10_000);
    expect(lines.map((line) => line.replace(/^.*transit: /, ""))).toEqual([
      "Request 'journal.note' is timed out.",
      "Request 'patients.fhir.write' is timed out.",
      "1 more like: Request 'patients.fhir.write' is timed out.",
    ]);
  });

  it("writes a repeated error once, and then how often it came", () => {
    jest.useFakeTimers();
    const logger = said();
    lines = [];
    for (let i = 0; i < 1_000; i += 1) logger.warn(`Service 'lab.fhir.${i}' is not available on node lab-${i}.`);
    logger.warn("Something else.");
    expect(lines).toEqual([expect.stringContaining("'lab.fhir.0' is not available"), expect.stringContaining("Something else.")]);
    jest.advanceTimersByTime(10_000);
    expect(lines.slice(2)).toEqual([expect.stringMatching(/WARN {2}lab-1 transit: 999 more like: Service 'lab.fhir.0'/i)]);
    logger.warn("Service 'lab.fhir.1' is not available on node lab-1.");
    expect(lines).toHaveLength(4);
  });

  it("writes everything at the level debug", () => {
    const logger = said("text", "debug");
    lines = [];
    for (let i = 0; i < 3; i += 1) logger.warn("The same.");
    expect(lines).toHaveLength(3);
  });

  it("is JSON, one object per line, if configured so", () => {
    said("json").error("Two\nlines.", { nodeID: "lab-2", params: { name: "Rossi" } });
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      level: "error",
      node: "lab-1",
      module: "transit",
      message: "Two\\nlines. nodeID=lab-2",
    });
  });

  it.each([
    ["a text", ["a\u001b[2J\r\u2028b\0"]],
    ["an error", [new Errors.MoleculerClientError("a\u001b[2J\r\u2028b\0", 404, "NOT_FOUND")]],
    ["an object", [{ requestID: "a\u001b[2J\r\u2028b\0" }]],
  ])("lets nobody write a line of their own, or tell a terminal what to do, by %s", (_, args) => {
    for (const level of ["info", "debug"] as const) {
      said("text", level).warn(...args);
      const line = lines.at(-1);
      expect(line).toContain("a\\u001b[2J\\u000d\\u2028b\\u0000");
      expect(line).not.toMatch(/[\p{Cc}\u2028]/u);
    }
  });

  it("does not quote data that could not be parsed, but does show our own errors", () => {
    const syntax = (() => {
      try {
        return JSON.parse('Rossi"');
      } catch (error) {
        return error as Error;
      }
    })();
    expect(faultOf(syntax)).not.toContain("Rossi");
    expect(faultOf(syntax)).toContain("log.test.ts");
    const ours = new Errors.MoleculerServerError('The file "journal.db" is locked.', 503, "STORE_UNAVAILABLE", {});
    expect(faultOf(ours)).toContain('"journal.db"');
  });
});
