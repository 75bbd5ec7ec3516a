// Every way in which the pages are looked at: three widths, light and dark, with the script of the pages and without.

const WIDTHS = [320, 768, 1024];

export const LOOKS = WIDTHS.flatMap((width) =>
  ['light', 'dark'].flatMap((scheme) =>
    [true, false].map((script) => ({ name: `${width}-${scheme}-${script ? 'script' : 'plain'}`, width, scheme, script }))));

// A browser of somebody: cookies of its own.
export async function openBrowser(chromium, look, more = {}) {
  const context = await chromium.newContext({
    viewport: { width: look.width, height: 720 },
    colorScheme: look.scheme,
    javaScriptEnabled: look.script,
    ignoreHTTPSErrors: true,
    ...more,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  // A refusal is an answer like any other, but Chromium complains of it.
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && !/status of (4\d\d|503)|frame-ancestors 'none'/.test(message.text()) && complaints.push(message.text()));
  // So is the script of Chromium's own page for a frame that it holds back.
  page.on('pageerror', (error) => String(error).includes('TrustedTypePolicy') || complaints.push(String(error)));
  return { page, complaints, close: () => context.close() };
}
