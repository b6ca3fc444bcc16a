/** A start that cannot be, for a reason that the operator can mend: one sentence, no stack. */
export class StartupError extends Error {
  override name = "StartupError";
}

/** What is said before a process ends with exit code 1: the sentence where there is one, the stack where it is our bug. */
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
