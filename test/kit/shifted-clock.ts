/**
 * Loaded into a node before its program (`--import`): the clock of the process jumps when its parent says so, like that of a machine whose clock is set:
 * `{ type: "clock", byMs }`, answered by `{ type: "set" }`. What measures durations (`performance.now()`, timers) is not affected.
 */
const RealDate = Date;
let byMs = 0;

/** The process's `Date`, by the clock that was set. */
class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + byMs);
    else super(...(given as [string]));
  }

  static override now(): number {
    return RealDate.now() + byMs;
  }
}
globalThis.Date = ShiftedDate as DateConstructor;

process.on("message", (message: { type?: string; byMs?: number }) => {
  if (message.type !== "clock") return;
  byMs = message.byMs ?? 0;
  process.send?.({ type: "set" });
});
process.channel?.unref(); // does not keep the process alive
