/**
 * Processor load of the machine, for the heartbeats that carry it to other nodes (the REPL's `nodes`). Moleculer's own measurement takes 0.2 s and three
 * reads of /proc per heartbeat: for twenty idle processes on one machine it was much of their processor time.
 */
import { cpus } from "node:os";
import type { BrokerOptions, ServiceBroker } from "moleculer";

/** Age up to which a measurement is reused, milliseconds. */
const FRESH_MS = 10_000;

/** Ticks of all processors since the machine started. */
export interface Ticks {
  idle: number;
  all: number;
}

function ticksNow(): Ticks {
  const times = cpus().map((cpu) => cpu.times);
  const idle = times.reduce((sum, it) => sum + it.idle, 0);
  return { idle, all: times.reduce((sum, { user, nice, sys, irq, idle: own }) => sum + user + nice + sys + irq + own, 0) };
}

/** @returns a function that returns the load since its last measurement, per cent from 0 to 100; 0 at the first, and if no time has passed */
export function machineLoad(look: () => Ticks = ticksNow, now: () => number = () => performance.now()): () => number {
  let [at, before, load] = [now(), look(), 0];
  return () => {
    if (now() - at < FRESH_MS) return load;
    const after = look();
    const passed = after.all - before.all;
    load = passed > 0 ? (1 - (after.idle - before.idle) / passed) * 100 : load;
    [at, before] = [now(), after];
    return load;
  };
}

/** Moleculer's middleware that gives it to the broker. */
export const TellMachineLoad = {
  name: "TellMachineLoad",
  created(broker: ServiceBroker) {
    const load = machineLoad();
    broker.getCpuUsage = () => Promise.resolve({ avg: load(), usages: [] });
  },
} as NonNullable<BrokerOptions["middlewares"]>[number];
