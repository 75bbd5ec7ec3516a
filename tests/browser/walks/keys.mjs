// Keys for scripts: made, shown once, used, revoked.

import { call } from '../support/app.mjs';
import { enter, press, signIn } from '../support/person.mjs';

export async function keys({ doorward, page, stranger, check, inspect }) {
  const opens = async (key) => `${await call(doorward.origin, '/notes', key)} ${await call(doorward.origin, '/files', key)}`;
  const is = async (what, key, expected) => {
    const found = await opens(key);
    check(what, expected.test(found), found);
  };
  await page.goto(doorward.origin);
  await enter(page, 'Keys');
  await inspect(page, 'keys-none');
  const key = await make(page, 'Backup script');
  await inspect(page, 'key-added');
  await is('the key opens its server and no other', key, /^40[13] 200$/);
  await page.goto(`${doorward.origin}/keys`);
  await inspect(page, 'keys');
  check('it is shown once', !(await page.content()).includes(key) && (await page.textContent('main')).includes('Backup script'));

  const { page: bobs } = await stranger();
  await bobs.goto(`${doorward.origin}/keys`);
  await signIn(bobs, 'bob');
  await inspect(bobs, 'user-keys');
  check('nobody else sees it', !(await bobs.textContent('main')).includes('Backup script'));
  const ofBob = await make(bobs, 'Key of bob');
  await is('everybody may have keys', ofBob, /^40[13] 200$/);
  await page.reload();
  await inspect(page, 'keys-of-others');
  await press(page, '.entries > li:has-text("Key of bob") >> text=Revoke');
  await is('an owner revokes anybody’s', ofBob, /^401 401$/);
  await is('and with it no other', key, /^40[13] 200$/);
  await press(page, '.entries > li:has-text("Backup script") >> text=Revoke');
  await is('revoked, a key is refused', key, /^401 401$/);
  check('and off the list', !(await page.textContent('main')).includes('Backup script'));
}

async function make(page, name) {
  await page.fill('#name', name);
  await page.check('[name=server][value="/files"]');
  await page.uncheck('[name=scope][value="/files files:write"]');
  await press(page, 'text="Make the key"');
  return (await page.textContent('code.plate')).trim();
}
