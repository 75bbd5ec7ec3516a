// No page of ours is shown inside a page of somebody else.

import { createServer } from 'node:http';

export async function framed({ doorward, stranger, check }) {
  const host = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<iframe src="${doorward.origin}/signin"></iframe>`));
  await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
  const { page } = await stranger();
  const answered = page.waitForResponse(`${doorward.origin}/signin`);
  await page.goto(`http://localhost:${host.address().port}/`);
  await answered;
  const inside = await page.frames().at(-1).content().catch(() => '');
  check('no page of ours is shown in a frame', page.frames().length === 2 && !inside.includes('name="password"'));
  host.close();
}
