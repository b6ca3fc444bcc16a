/** Curves of values over time with the limits of their range, drawn by uPlot, which is loaded with the first one. */
import { useEffect, useRef } from "preact/hooks";
import { html } from "../html.ts";
import { loadModule } from "../platform/modules.ts";
import { timeZone } from "../platform/settings.ts";
import { locale } from "../platform/texts.ts";
import { unitOf } from "../platform/units.ts";

/** What was measured at one time. */
export interface CurvePoint {
  /** Milliseconds since 1970. */
  at: number;
  /** One for each curve, e.g. of both blood pressures; null: not measured. */
  values: (number | null)[];
}

interface CurveProps {
  points: CurvePoint[];
  low?: number | undefined;
  high?: number | undefined;
  label: string;
  unit: string;
}

const HEIGHT = 220; // pixels
/** Between two labels of the time axis, pixels: the longest names of months and years stand beside each other. */
const LABEL_WIDTH = 90;
/** Width of a curve on a phone, pixels. */
const NARROW = 320;
const DAY_S = 86_400;
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
const DAY = { day: "numeric", month: "short" } as const;
const MONTH = { month: "short", year: "numeric" } as const;
/** Span from which labels have the year with the month. */
const LONG_S = 300 * DAY_S;

/** A table beside it has the same content. */
export function Curve({ points, low, high, label, unit }: CurveProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let end = () => {};
    loadModule(() => import("uplot")).then(({ default: UPlot }) => {
      const node = place.current;
      if (!node) return;
      const ink = resolved(node, "--muted");
      const axis = { stroke: ink, grid: { stroke: resolved(node, "--line") } };
      const limit = (name: string) => ({ label: name, stroke: resolved(node, "--warn"), dash: [6, 4], points: { show: false } });
      const sorted = [...points].sort((a, b) => a.at - b.at);
      const span = ((sorted.at(-1)?.at ?? 0) - (sorted[0]?.at ?? 0)) / 1_000; // also where there is room for one label only
      const curves = (sorted[0]?.values ?? []).map((_, index) => sorted.map(({ values }) => values[index] ?? null));
      const chart = new UPlot(
        {
          width: node.clientWidth,
          height: HEIGHT,
          legend: { show: false },
          cursor: { show: false },
          tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1_000), timeZone()),
          axes: [
            {
              ...axis,
              space: LABEL_WIDTH,
              ...(node.clientWidth < NARROW && { splits: twoBetween }),
              values: (_, ticks) => ticks.map((one) => tickOf(one, span)),
            },
            { ...axis, label: unitOf(unit) },
          ],
          series: [
            {},
            ...curves.map(() => ({ label, stroke: resolved(node, "--accent"), width: 2, points: { show: true, size: 6 } })),
            ...(low === undefined ? [] : [limit("low")]),
            ...(high === undefined ? [] : [limit("high")]),
          ],
        },
        [
          sorted.map(({ at }) => at / 1_000),
          ...curves,
          ...[low, high].flatMap((one) => (one === undefined ? [] : [sorted.map(() => one)])),
        ],
        node,
      );
      end = () => chart.destroy();
    }, console.error);
    return () => end();
  }, [points, low, high]);
  return html`<div class="curve" ref=${place} role="img" aria-label=${label} dir="ltr"></div>`;
}

/** Two times of an axis on which full years, months or hours may have no room, or leave none. */
const twoBetween = (_chart: unknown, _axis: number, from: number, to: number): number[] =>
  [0.25, 0.75].map((part) => from + (to - from) * part);

/** @param span between the first value and the last, seconds */
const tickOf = (seconds: number, span: number): string =>
  new Intl.DateTimeFormat(locale.value, { timeZone: timeZone(), ...(span < DAY_S ? TIME : span < LONG_S ? DAY : MONTH) }).format(
    new Date(seconds * 1_000),
  );

/** A colour token resolved for a canvas: `light-dark()` is only resolved where it is used. */
function resolved(node: HTMLElement, token: string): string {
  node.style.color = `var(${token})`;
  const { color } = getComputedStyle(node);
  node.style.color = "";
  return color;
}
