/** Shows the progress of an import: a bar on a terminal, a plain line now and then elsewhere. */
import type { Writable } from "node:stream";
import type { Counts } from "./importer.ts";

const BAR = 24; // cells
const DRAW_MS = 100;
const LINE_MS = 5_000;

/** The whole import; bytes as on the disk. */
export interface Totals {
  files: number;
  bytes: number;
}

type Screen = Writable & { isTTY?: boolean; columns?: number };

/** Draws a bar on a terminal ten times a second, or writes a line every five seconds. */
export class Progress {
  readonly #totals: Totals;
  readonly #screen: Screen;
  readonly #start = performance.now();
  #last = this.#start;
  #isDrawn = false;

  constructor(totals: Totals, screen: Screen = process.stdout) {
    this.#totals = totals;
    this.#screen = screen;
  }

  show(counts: Readonly<Counts>): void {
    const now = performance.now();
    if (now - this.#last < (this.#screen.isTTY ? DRAW_MS : LINE_MS)) return;
    this.#last = now;
    const share = this.#totals.bytes === 0 ? 1 : Math.min(1, counts.bytes / this.#totals.bytes);
    const text = lineOf(counts, this.#totals, share, (now - this.#start) / 1000);
    if (!this.#screen.isTTY) return void this.#screen.write(`${text}\n`);
    const filled = Math.round(share * BAR);
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR - filled)} ${text}`;
    this.#screen.write(`\r${bar.slice(0, (this.#screen.columns || 100) - 1)}\x1b[K`);
    this.#isDrawn = true;
  }

  /** Prints a line above the bar. */
  say(line: string): void {
    this.clear();
    this.#screen.write(`${line}\n`);
  }

  /** Removes the bar. */
  clear(): void {
    if (this.#isDrawn) this.#screen.write("\r\x1b[K");
    this.#isDrawn = false;
  }

  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }
}

const count = (number: number): string => Math.round(number).toLocaleString("en-US");

function lineOf({ files, written, found }: Readonly<Counts>, totals: Totals, share: number, seconds: number): string {
  const left = share > 0 ? `, ${time((seconds / share) * (1 - share))} left` : "";
  const rate = count((written + found) / seconds);
  return `${Math.floor(share * 100)}%  ${count(files)}/${count(totals.files)} files, ${count(written)} resources, ${rate}/s${left}`;
}

/** 75 → "1 min 15 s". */
export function time(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3600
    ? `${Math.floor(whole / 60)} min ${whole % 60} s`
    : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** The result of an import, in one or two sentences. */
export function summaryOf({ written, found, skipped, unknown, failed }: Counts, seconds: number): string {
  const parts = [
    written > 0
      ? `${count(written)} ${written === 1 ? "resource" : "resources"} written in ${seconds.toFixed(1)} s (${count(written / seconds)}/s)`
      : "Nothing written",
    ...(skipped > 0 ? [`${count(skipped)} ${skipped === 1 ? "bundle was" : "bundles were"} already there`] : []),
    ...(found > 0 ? [`${count(found)} ${found === 1 ? "resource was" : "resources were"} already there`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
  ];
  const warning =
    unknown > 0
      ? ` ${count(unknown)} ${unknown === 1 ? "bundle has" : "bundles have"} no identifier to be known by: a second import would double ${unknown === 1 ? "it" : "them"}.`
      : "";
  return `${parts.join("; ")}.${warning}`;
}
