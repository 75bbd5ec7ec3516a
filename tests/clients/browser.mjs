// A browser without JavaScript: cookies, redirects inside one origin, forms. It walks doorward's
// sign-in and consent pages and stops at the first redirect that leaves the origin, which is the
// client's callback.
import http from 'node:http';
import https from 'node:https';

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

/** Character references in text and attribute values. */
function decode(text) {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (all, name) => {
    if (/^#x/i.test(name)) return String.fromCodePoint(parseInt(name.slice(2), 16));
    if (name[0] === '#') return String.fromCodePoint(parseInt(name.slice(1), 10));
    return ENTITIES[name.toLowerCase()] ?? all;
  });
}

/** The attributes of one start tag, names in lower case. */
function attributes(tag) {
  const found = {};
  const inside = tag.replace(/^<[a-z0-9-]+/i, '').replace(/\/?>$/, '');
  for (const [, name, double, single, bare] of inside.matchAll(/([^\s=/"'>]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)) {
    found[name.toLowerCase()] ??= decode(double ?? single ?? bare ?? '');
  }
  return found;
}

const START_TAG = (names) => new RegExp(`<(?:${names})(?=[\\s/>])(?:"[^"]*"|'[^']*'|[^'">])*>`, 'gi');

/** Every form of a page: where it goes, what it carries by itself, which buttons it has. */
function forms(html, base) {
  return [...html.matchAll(/<form(?=[\s>])(?:"[^"]*"|'[^']*'|[^'">])*>([\s\S]*?)<\/form>/gi)].map(([whole, body]) => {
    const own = attributes(whole.match(START_TAG('form'))[0]);
    const form = { action: new URL(own.action || base, base), method: (own.method || 'get').toLowerCase(), fields: [], buttons: [] };
    for (const [tag] of body.matchAll(START_TAG('input|button|select|textarea'))) {
      const kind = tag.match(/^<([a-z]+)/i)[1].toLowerCase();
      const a = attributes(tag);
      const type = (a.type ?? (kind === 'button' ? 'submit' : 'text')).toLowerCase();
      if (!a.name || 'disabled' in a) continue;
      if (type === 'submit') form.buttons.push({ name: a.name, value: a.value ?? '' });
      else if ((type !== 'checkbox' && type !== 'radio') || 'checked' in a) {
        form.fields.push({ name: a.name, value: a.value ?? (type === 'checkbox' ? 'on' : ''), type });
      }
    }
    return form;
  });
}

/** What a person reads. */
function words(html) {
  return decode(html.replace(/<(style|script|head)[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ').trim();
}

function fail(what) {
  throw new Error(what);
}

export class Browser {
  #cookies = new Map();
  #through;

  /** `through` says how the origin is reached, if not by its name: options of a request. */
  constructor(origin, through = {}) {
    this.origin = new URL(origin).origin;
    this.#through = through;
  }

  /** One request, nothing followed. */
  #request(url, { method = 'GET', body, headers = {} } = {}) {
    const cookies = [...this.#cookies.values()].filter(({ path }) => url.pathname === path || url.pathname.startsWith(path.endsWith('/') ? path : `${path}/`));
    const sent = {
      host: url.host,
      accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
      'accept-language': 'en',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
      'upgrade-insecure-requests': '1',
      ...(cookies.length ? { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const { request: begin } = url.protocol === 'https:' ? https : http;
      const request = begin(url, { method, headers: sent, timeout: 10_000, agent: false, ...this.#through }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          for (const line of response.headers['set-cookie'] ?? []) this.#keep(line);
          resolve({ url, status: response.statusCode, headers: response.headers, html: Buffer.concat(chunks).toString('utf8') });
        });
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${url}: no answer in 10 s`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  #keep(line) {
    const [pair, ...rest] = line.split(';').map((part) => part.trim());
    const cut = pair.indexOf('=');
    const [name, value] = [pair.slice(0, cut), pair.slice(cut + 1)];
    const options = Object.fromEntries(rest.map((part) => [part.split('=')[0].toLowerCase(), part.split('=').slice(1).join('=')]));
    if ('secure' in options && this.origin.startsWith('http:')) throw new Error(`a Secure cookie over plain http is dropped by browsers: ${name}`);
    const gone = value === '' || options['max-age'] === '0' || (options.expires && Date.parse(options.expires) <= Date.now());
    if (gone) this.#cookies.delete(name);
    else this.#cookies.set(name, { name, value, path: options.path?.startsWith('/') ? options.path : '/' });
  }

  /** A navigation: follows redirects inside the origin. Gives a page, or `{ callback }` when one leaves it. */
  async #navigate(url, options) {
    let response = await this.#request(url, options);
    for (let hops = 0; [301, 302, 303, 307, 308].includes(response.status); hops += 1) {
      if (hops === 10) throw new Error(`more than 10 redirects, last ${response.url}`);
      const next = new URL(response.headers.location, response.url);
      if (next.origin !== this.origin) return { callback: next, status: response.status };
      if (response.status > 303) throw new Error(`${response.url} answers ${response.status}: the form would be sent again`);
      response = await this.#request(next);
    }
    if (response.status >= 400) throw new Error(`${response.url.pathname} answers ${response.status}: ${words(response.html).slice(0, 300)}`);
    if (!/^text\/html\b/.test(response.headers['content-type'] ?? '')) throw new Error(`${response.url.pathname} is not a page: ${response.headers['content-type']}`);
    return { ...response, forms: forms(response.html, response.url), text: words(response.html) };
  }

  open(url) {
    return this.#navigate(new URL(url), { headers: { 'sec-fetch-site': 'none' } });
  }

  /** Fills in `values` and presses the button named and valued as in `press`, the first without one. */
  async submit(page, form, values = {}, press) {
    const button = press ? form.buttons.find(({ name, value }) => name === press.name && value === press.value) : undefined;
    if (press && !button) throw new Error(`no button ${press.name}=${press.value} on ${page.url.pathname}`);
    const data = new URLSearchParams();
    for (const { name, value } of form.fields) data.append(name, values[name] ?? value);
    for (const name of Object.keys(values)) if (!form.fields.some((field) => field.name === name)) throw new Error(`no field ${name} on ${page.url.pathname}`);
    if (button) data.append(button.name, button.value);
    if (form.method !== 'post') throw new Error(`the form of ${page.url.pathname} is not sent by POST`);
    const arrived = await this.#navigate(form.action, {
      method: 'POST',
      body: data.toString(),
      headers: { origin: this.origin, referer: page.url.href, 'sec-fetch-site': 'same-origin', 'sec-fetch-user': '?1' },
    });
    if (arrived.callback && /form-action/.test(page.headers['content-security-policy'] ?? '')) {
      throw new Error(`${page.url.pathname} has form-action in its CSP: Chromium would not follow the redirect to ${arrived.callback.origin}`);
    }
    return arrived;
  }

  /** From the authorization URL to the callback. Gives what each page said and the callback's parameters. */
  async authorize(url, { username, password, decision = 'approve' }) {
    const seen = [];
    let page = await this.open(url);
    for (let steps = 0; !page.callback; steps += 1) {
      if (steps === 4) throw new Error(`no callback after ${seen.map(({ path }) => path).join(', ')}`);
      const signIn = page.forms.find(({ action }) => action.pathname === '/signin');
      const consent = page.forms.find(({ action }) => action.pathname === '/consent');
      if (!signIn && !consent) throw new Error(`neither sign-in nor consent: ${page.url.pathname}: ${page.text.slice(0, 300)}`);
      seen.push({ kind: signIn ? 'signin' : 'consent', path: page.url.pathname, text: page.text });
      page = signIn
        ? await this.submit(page, signIn, { username, password })
        : await this.submit(page, consent, {}, { name: 'decision', value: decision });
    }
    return { seen, callback: page.callback, parameters: page.callback.searchParams };
  }

  /** For a device: opens the page, enters the code that it shows, decides. Gives what the last page said. */
  async device(url, userCode, { username, password, decision = 'approve' }) {
    let page = await this.open(url);
    const form = (path) => page.forms.find(({ action }) => action.pathname === path) ?? fail(`no form for ${path}: ${page.text.slice(0, 300)}`);
    if (page.forms.some(({ action }) => action.pathname === '/signin')) page = await this.submit(page, form('/signin'), { username, password });
    page = await this.submit(page, form('/device'), { user_code: userCode });
    if (!page.text.includes(userCode)) throw new Error(`the page does not show ${userCode}: ${page.text.slice(0, 300)}`);
    return (await this.submit(page, form('/device'), {}, { name: 'decision', value: decision })).text;
  }
}
