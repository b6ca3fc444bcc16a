/** A start that failed for a reason that the operator can mend: printed as one sentence, without a stack. */
export class StartupError extends Error {
  override name = "StartupError";
}

/** The text that is printed before a process ends with exit code 1: a sentence if there is one, the stack if it is a bug. */
export function sentenceOf(error: unknown, { host, port }: { host: string; port: number }): string {
  const { code, message, stack, name } = error as NodeJS.ErrnoException & { code?: string | number };
  if (code === "EADDRINUSE") return `Port ${port} of ${host} is used by another program: stop it, or choose another PORT.`;
  if (code === "EACCES" && message.includes("listen")) {
    return `Port ${port} needs more rights than this user has: choose a PORT above 1023.`;
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return `HOST is ${host}, which is no address of this machine.`;
  const isToldByName = name === "StartupError" || name === "StoreError" || typeof code === "number";
  return isToldByName || !stack ? message : stack;
}
