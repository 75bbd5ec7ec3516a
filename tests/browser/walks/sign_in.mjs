// Signing in and out, and what is said when that does not work.

import { App, random } from '../support/app.mjs';
import { PASSWORD } from '../support/doorward.mjs';
import { enter, press, signIn, signOut, settles } from '../support/person.mjs';

export async function signInAndOut({ doorward, stranger, check, inspect, callback }) {
  const app = await App.register(doorward.origin, callback.uri, 'Sign-in test');
  const { page } = await stranger();
  await page.goto(app.authorizeUrl(random(), '/notes'));
  await inspect(page, 'signin-for-app');
  check('the page says for which app', (await page.textContent('main')).includes('Sign-in test'));
  check('the name field has the focus', await settles(page, () => document.activeElement?.name === 'username'));

  await signIn(page, 'ann', 'not the password');
  await inspect(page, 'signin-wrong');
  check('a wrong password is said so', (await page.textContent('[role=alert]'))?.includes('not right'));
  check('and said of the field that has the focus', await settles(page, () => {
    const about = document.activeElement?.getAttribute('aria-describedby');
    return about && document.getElementById(about)?.getAttribute('role') === 'alert';
  }));
  check('the title says so first', (await page.title()).startsWith('Error:'));
  check('the name is kept and the password is not', (await page.inputValue('[name=username]')) === 'ann' && (await page.inputValue('[name=password]')) === '');

  await page.fill('[name=password]', PASSWORD);
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
  check('the right one leads on to consent', await page.isVisible('[value=approve]'));

  await page.goto(doorward.origin);
  await enter(page, 'Activity');
  await signOut(page);
  check('signing out leads to the sign-in', page.url() === `${doorward.origin}/signin`, page.url());
  await inspect(page, 'signin');
  await page.goBack();
  check('going back shows nothing of what was there', await page.isVisible('[name=password]'));
  await page.goto(`${doorward.origin}/activity`);
  await signIn(page);
  check('a page asked for before sign-in is shown after it', page.url() === `${doorward.origin}/activity`, page.url());
}

// After too many tries the page says how long to wait. Last, since the account is held up then for everybody new.
export async function tooManyTries({ doorward, stranger, check, inspect }) {
  const { page } = await stranger();
  await page.goto(`${doorward.origin}/signin`);
  for (let tries = 0; tries < 8 && !(await page.isVisible('text=Too many tries')); tries += 1) await signIn(page, 'nobody', 'a guess');
  await inspect(page, 'signin-throttled');
  check('who guesses is told to wait', /Wait \d+ (second|minute)/.test(await page.textContent('[role=alert]')));
}
