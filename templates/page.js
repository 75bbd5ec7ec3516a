// Copies what a button points at. Without script, or without a clipboard, the button is not there and the text is selected by a tap.
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copies);
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      getSelection().selectAllChildren(text);
      document.execCommand("copy");
    }
    button.firstChild.data = "Copied";
    setTimeout(() => { button.firstChild.data = "Copy"; }, 2000);
  });
}

// Follows what arrives while an app is being connected, for a quarter of an hour while the page can be seen. The link below it does
// the same without script. Once the session is over the answer is the sign-in page, which is no JSON: then it stops.
const arrived = document.querySelector("[data-arrived]");
if (arrived) {
  const following = document.querySelector("[data-following]");
  const end = Date.now() + 15 * 60 * 1000;
  const look = async () => {
    if (document.hidden) {
      document.addEventListener("visibilitychange", look, { once: true });
      return;
    }
    let over = Date.now() > end;
    try {
      const answer = await fetch(arrived.dataset.arrived, { headers: { accept: "application/json" } });
      if (answer.headers.get("content-type") === "application/json" && answer.ok) {
        const news = await answer.json();
        if (news.version !== arrived.dataset.version) {
          arrived.dataset.version = news.version;
          // What is read like this runs nothing.
          arrived.replaceChildren(...new DOMParser().parseFromString(news.html, "text/html").body.childNodes);
        }
        over ||= news.over;
      } else {
        over = true;
      }
    } catch {
      // Nobody answers just now: a restart, or a network that went to sleep.
    }
    following.hidden = over;
    if (!over) setTimeout(look, 2500);
  };
  look();
}
