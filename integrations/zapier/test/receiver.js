// hooks.zapier.com, as far as a server sees it: takes a hook at any path, and answers as it is told to.
import http from 'node:http';

/** A running receiver: `urlOf(name)`, what came to it, and `answers` to change what is answered. */
export const startReceiver = async () => {
  const hooks = [];
  const answers = {};
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const name = request.url.split('/').at(-2);
      hooks.push({ name, method: request.method, headers: request.headers, content: Buffer.concat(chunks).toString() });
      response.writeHead(answers[name] ?? 200, { 'content-type': 'application/json' }).end('{"status": "success"}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    hooks,
    answers,
    urlOf: (name) => `http://127.0.0.1:${server.address().port}/hooks/standard/1234/${name}/`,
    to: (name) => hooks.filter((each) => each.name === name),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
};

const titled = (name) => name.split('-').map((part) => part[0].toUpperCase() + part.slice(1)).join('-');

/** A hook as Zapier hands it to `perform`: header names in title case, most of them behind `Http-`. */
export const bundleOf = ({ method, headers, content }) => ({
  rawRequest: {
    method,
    querystring: '',
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.startsWith('content-') ? titled(name) : `Http-${titled(name)}`, value])),
    content,
  },
  cleanedRequest: JSON.parse(content),
});
