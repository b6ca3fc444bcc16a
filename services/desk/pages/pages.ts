/** The modules of the pages in the menu; each is loaded when first shown. */
import type { ComponentType } from "preact";

/** A page; it gets what follows its name in the URL. */
export type Page = ComponentType<{ argument?: string; part?: string }>;

/** By name in the URL. */
export const PAGES: Record<string, () => Promise<{ default: Page }>> = {
  home: () => import("./screens/home.ts"),
  desk: () => import("./screens/front-desk.ts"),
  ward: () => import("./screens/ward.ts"),
  "hand-over": () => import("./screens/hand-over-list.ts"),
  beds: () => import("./screens/beds.ts"),
  places: () => import("./screens/places.ts"),
  mine: () => import("./screens/mine.ts"),
  chart: () => import("./screens/chart.ts"),
  census: () => import("./screens/census.ts"),
  round: () => import("./screens/round.ts"),
  bench: () => import("./screens/bench.ts"),
  dispensary: () => import("./screens/dispensary.ts"),
  cash: () => import("./screens/cash.ts"),
  records: () => import("./screens/records-office.ts"),
  audit: () => import("./screens/audit.ts"),
  administration: () => import("./screens/administration.ts"),
};
