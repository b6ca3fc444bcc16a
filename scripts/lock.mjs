/**
 * A lock between processes for work that must be done once (installing). A file that names its owner; an owner that is
 * dead holds nothing. Plain JavaScript: it runs before anything is installed, on Node 20.
 */
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const POLL_MS = 200;
/** Breaking a dead owner's lock takes microseconds; a process that holds the right to break for longer has died too. */
const BREAK_MS = 10_000;

/**
 * Runs `work` while no other process runs it under the same file. Waits for as long as the owner lives.
 * @template T
 * @param {string} file
 * @param {() => T | Promise<T>} work
 * @param {(owner: number) => void} [onWait] told once, with the owner's process id, when there is somebody to wait for
 * @returns {Promise<T>}
 */
export async function withLock(file, work, onWait) {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  while (!acquire(file)) {
    const owner = ownerOf(file);
    if (owner && !isAlive(owner)) breakLock(file);
    else {
      if (owner && !told) onWait?.(owner.pid);
      told = true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A link appears with its content or not at all: nobody ever reads half an owner. */
function acquire(file, content = JSON.stringify({ pid: process.pid, born: bornAt(process.pid) })) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, content);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Only one process at a time may remove a dead owner's file, and it looks again before it does. */
function breakLock(file) {
  const right = `${file}.break`;
  if (!acquire(right)) {
    const age = Date.now() - (statSync(right, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > BREAK_MS) rmSync(right, { force: true });
    return;
  }
  try {
    const owner = ownerOf(file);
    if (owner && !isAlive(owner)) rmSync(file, { force: true });
  } finally {
    rmSync(right, { force: true });
  }
}

function ownerOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** A process id is used again some day; its birth tells the two apart (where the system tells births). */
function isAlive({ pid, born }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
  return born === undefined || bornAt(pid) === born;
}

/**
 * When a process started: the machine's boot, and clock ticks since then; undefined where the system has no /proc, or no such process.
 * @param {number} pid
 * @returns {string | undefined}
 */
export function bornAt(pid) {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // Field 22; the second field is the program's name in parentheses and may hold spaces.
    return `${boot} ${readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()?.split(" ")[19]}`;
  } catch {
    return undefined;
  }
}
