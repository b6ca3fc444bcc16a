/** A start that failed for a reason that the operator can mend: printed as one sentence, without a stack. */
export class StartupError extends Error {
  override name = "StartupError";
}

/** Key of a folder that cannot be made, though the folder above it exists. */
const NOWHERE = "mkdir ENOENT";

/** What a file system refuses an operator's folder or file for, and what to do. */
const BY_SYSTEM: Readonly<Record<string, string>> = {
  ENOSPC: "has no space left on its disk: free some, or name another folder",
  EDQUOT: "has no space left in its quota: free some, or name another folder",
  EROFS: "is on a disk that can only be read: name another folder",
  EACCES: "is closed to this user: give the user access to it, or name another folder",
  EPERM: "is closed to this user: give the user access to it, or name another folder",
  ENOTDIR: "is a file, or lies under one: name a folder",
  EEXIST: "is a file, or lies under one: name a folder",
  [NOWHERE]: "lies where the system lets no folder be made: name another folder",
  EISDIR: "is a folder: name a file",
};
/** SQLite's code of a full disk, which the error has without a name of the file. */
const SQLITE_FULL = 13;

/** The sentence for an error of the file system; undefined: it is another one. */
function sentenceOfFiles({ code, syscall, path, dest, errcode }: FileError): string | undefined {
  if (errcode === SQLITE_FULL) return "A disk is full: free some space on it, or name a folder on another one.";
  const key = code === "ENOENT" && syscall === "mkdir" ? NOWHERE : code;
  const refused = key === undefined || !Object.hasOwn(BY_SYSTEM, key) ? undefined : BY_SYSTEM[key];
  return refused === undefined || path === undefined ? undefined : `${dest ?? path} ${refused}.`;
}

type FileError = NodeJS.ErrnoException & { dest?: string; errcode?: number };

/** The text that is printed before a process ends with exit code 1: a sentence if there is one, the stack if it is a bug. */
export function sentenceOf(error: unknown, { host, port }: { host: string; port: number }): string {
  const { code, message, stack, name } = error as NodeJS.ErrnoException & { code?: string | number };
  if (code === "EADDRINUSE") return `Port ${port} of ${host} is used by another program: stop it, or choose another PORT.`;
  if (code === "EACCES" && message.includes("listen")) {
    return `Port ${port} needs more rights than this user has: choose a PORT above 1023.`;
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return `HOST is ${host}, which is no address of this machine.`;
  const ofFiles = sentenceOfFiles(error as FileError);
  if (ofFiles !== undefined) return ofFiles;
  const isToldByName = name === "StartupError" || name === "StoreError" || typeof code === "number";
  return isToldByName || !stack ? message : stack;
}
