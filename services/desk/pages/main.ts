/** Start of every page: sets the language, signs in, and renders. */
import { render } from "preact";
import { html } from "./html.ts";
import { keepFocus } from "./platform/focus.ts";
import { doOnce } from "./platform/once.ts";
import { layOnPaper } from "./platform/paper.ts";
import { followAddress } from "./platform/router.ts";
import { goToSignIn, isAnswer, takeUp } from "./platform/sign-in.ts";
import { firstLanguage, speak, t } from "./platform/texts.ts";
import { Shell } from "./shell.ts";

const app = document.getElementById("app") as HTMLElement;

/** While sign-in is asked for its form. */
function showWaiting(): void {
  render(html`<main class="sign-in"><h1>OpenWard</h1><p class="muted" role="status">${t("loading")}</p></main>`, app);
}

function showSignIn(isDown: boolean): void {
  const again = () => goToSignIn().catch(() => showSignIn(true));
  const page = html`<main class="sign-in">
    <h1>OpenWard</h1>
    <p>${t(isDown ? "signIn.down" : "signIn.text")}</p>
    <button type="button" class="main" onClick=${again}>${t("signIn")}</button>
  </main>`;
  render(page, app);
}

keepFocus(app);
layOnPaper();
doOnce();
await speak(firstLanguage()).catch((error: unknown) => {
  app.firstElementChild?.classList.add("now"); // what the document says without texts
  throw error;
});
app.replaceChildren();
const hasReturned = isAnswer();
try {
  const isSignedIn = await takeUp();
  followAddress();
  if (isSignedIn) {
    render(html`<${Shell} />`, app);
  } else if (hasReturned) {
    showSignIn(false); // cancelled, or refused: going there again by itself would not end
  } else {
    showWaiting();
    await goToSignIn();
  }
} catch {
  showSignIn(true);
}
