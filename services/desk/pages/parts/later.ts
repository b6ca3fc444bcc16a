/** A dialog whose module is loaded when it is first opened: a chart has many, of which few are opened. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.ts";
import { t } from "../platform/texts.ts";
import { say } from "./notices.ts";

/** @param load loads the component from its module */
export function later<Props extends { onClose: () => void }>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let known: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const [Dialog, setDialog] = useState<ComponentType<Props> | undefined>(() => known);
    useEffect(() => {
      if (Dialog) return;
      load().then(
        (loaded) => {
          known = loaded;
          setDialog(() => loaded);
        },
        () => {
          say(t("page.failed"));
          props.onClose();
        },
      );
    }, []);
    return Dialog ? html`<${Dialog} ...${props} />` : null;
  };
}
