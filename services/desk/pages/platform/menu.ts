/** Whose daily work each page is. What somebody may do on one is decided by the services. */
import { person } from "./sign-in.ts";
import type { TextKey } from "./texts.ts";

/** A page in the menu. */
export interface MenuEntry {
  title: TextKey;
  /** Roles that have it in their menu; none: it is reached from others. */
  roles: readonly string[];
}

const CARE = ["physician", "nurse", "midwife"];

/** By name in the address. */
export const MENU: Record<string, MenuEntry> = {
  home: { title: "home", roles: ["*"] },
  desk: { title: "desk", roles: ["front-desk", ...CARE] },
  ward: { title: "ward", roles: CARE },
};

/** Whether a page is in somebody's menu: without roles, as where nobody signs in, all are. */
export function isOffered({ roles }: MenuEntry): boolean {
  const own = person.value?.roles;
  return roles.length > 0 && (own === undefined || roles.includes("*") || roles.some((role) => own.includes(role)));
}
