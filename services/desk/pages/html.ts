/** Elements as tagged templates: `html`, of htm on Preact. */
import htm from "htm";
import { type ComponentChildren, h, type VNode } from "preact";

/** One element, or several. */
export const html = htm.bind(h) as (strings: TemplateStringsArray, ...values: unknown[]) => VNode;

/** What an element may contain. */
export type Children = ComponentChildren;
