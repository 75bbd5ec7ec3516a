// What must hold of every page that any walk comes by: it fits its width, also with letters of twice the size, and axe finds
// nothing. A picture of it is kept with script (without, a page differs by its copy buttons alone). The pages' own policy
// stays in force meanwhile: what runs here comes over the protocol of the debugger.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { RESULTS } from './ledger.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Widths at which axe is run: what it finds does not change in between.
const AXE_WIDTHS = [320, 1024];

export function inspector(look, check) {
  if (look.script) mkdirSync(join(RESULTS, look.name), { recursive: true });
  return async function inspect(page, name) {
    const fits = async (how, letters) => {
      const out = await sticksOut(page, letters);
      check(`${name} fits its width${how}`, out === '', out);
    };
    await fits('');
    if (look.script) await page.screenshot({ path: join(RESULTS, look.name, `${name}.png`), fullPage: true });
    if (await unfold(page)) await fits(' with everything unfolded');
    await fits(' with letters of twice the size', '200%');
    if (look.script && AXE_WIDTHS.includes(look.width)) await axe(page, name, check);
    await fold(page);
  };
}

// What sticks out of the page to its right; nothing, where the page cannot be pushed aside.
async function sticksOut(page, letters = '') {
  return page.evaluate((size) => {
    const root = document.documentElement;
    root.style.fontSize = size;
    const wide = [...document.querySelectorAll('body, body *')].filter((element) => element.getBoundingClientRect().right > root.clientWidth);
    const names = wide.slice(-3).map((element) => `${element.localName}.${element.className} ${element.textContent.trim().slice(0, 30)}`);
    const out = root.scrollWidth > root.clientWidth ? `${root.scrollWidth} px: ${names.join(', ')}` : '';
    root.style.fontSize = '';
    return out;
  }, letters);
}

const unfold = (page) => page.evaluate(() => {
  const folds = [...document.querySelectorAll('details:not([open])')];
  for (const fold of folds) {
    // Folds of one name close one another.
    fold.dataset.name = fold.getAttribute('name') ?? '';
    fold.removeAttribute('name');
    fold.open = true;
  }
  return folds.length;
});

const fold = (page) => page.evaluate(() => {
  for (const fold of document.querySelectorAll('details[data-name]')) {
    fold.open = false;
    if (fold.dataset.name) fold.setAttribute('name', fold.dataset.name);
    delete fold.dataset.name;
  }
});

async function axe(page, name, check) {
  await page.evaluate(`${AXE}; undefined`);
  const { violations } = await page.evaluate(() => window.axe.run(document, { preload: false, resultTypes: ['violations'] }));
  const found = violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target, any }) => `${target} ${any.map(({ message }) => message)}`).join(' | ')}`);
  check(`axe finds nothing on ${name}`, found.length === 0, found.join('; '));
}
