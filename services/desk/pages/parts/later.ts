/** A dialog whose module is loaded when it is first opened: a chart has many, of which few are opened. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { html } from "../html.ts";
import { loadModule } from "../platform/modules.ts";
import { type TextKey, t } from "../platform/texts.ts";
import { Dialog } from "./dialog.ts";

/**
 * Shows the dialog's frame at once, and its content when that is loaded.
 * @param title of the frame @param load loads the component from its module
 */
export function later<Props extends { onClose: () => void }>(
  title: TextKey,
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let known: ComponentType<Props> | undefined;
  return function Later(props: Props) {
    const [Loaded, setLoaded] = useState<ComponentType<Props> | undefined>(() => known);
    useEffect(() => {
      if (Loaded) return;
      let isClosed = false;
      loadModule(load).then(
        (loaded) => {
          known = loaded;
          if (!isClosed) setLoaded(() => loaded);
        },
        () => isClosed || props.onClose(), // why is said above the page; another dialog may be open by now
      );
      return () => {
        isClosed = true;
      };
    }, []);
    return Loaded
      ? html`<${Loaded} ...${props} />`
      : html`<${Dialog} title=${t(title)} onClose=${props.onClose}><p class="muted" role="status" aria-busy="true">${t("loading")}</p><//>`;
  };
}
