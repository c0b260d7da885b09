// npm smpp binds, submits short and long, and hears receipts and an MO. Says in one line of JSON what it saw.
'use strict';

const smpp = require('smpp');

const given = JSON.parse(process.argv[2]);
const saw = { ids: [], receipts: {}, texts: [] };
const session = smpp.connect({ url: `smpp://${given.host}:${given.port}` });
const giveUp = setTimeout(() => end(1), 40000);

function end(code) {
  clearTimeout(giveUp);
  console.log(JSON.stringify(saw));
  session.close();
  process.exitCode = code;
}

function submit(number, message, then) {
  const text = message.length > 160 ? { message_payload: message } : { short_message: message };
  session.submit_sm({ source_addr: '1000', destination_addr: number, registered_delivery: 1, ...text }, (pdu) => {
    if (pdu.command_status !== 0) throw new Error(`submit_sm: ${pdu.command_status}`);
    saw.ids.push(pdu.message_id);
    then();
  });
}

function done() {
  if (saw.ids.length === 3 && Object.keys(saw.receipts).length === 3 && saw.texts.length) session.unbind(() => end(0));
}

session.on('connect', () => {
  session.bind_transceiver({ system_id: given.system_id, password: given.password }, (bound) => {
    if (bound.command_status !== 0) throw new Error(`bind: ${bound.command_status}`);
    submit(given.delivers, given.text, () => submit(given.delivers, given.long, () => submit(given.echo, given.text, done)));
  });
});

session.on('deliver_sm', (pdu) => {
  const text = String(pdu.short_message.message);
  if ((pdu.esm_class & 0x3c) === 4) {
    const [, id, stat] = text.match(/id:(\S+) .*stat:(\S+) /);
    saw.receipts[String(pdu.receipted_message_id)] = [id, stat, pdu.message_state];
  } else {
    saw.texts.push(text);
  }
  session.send(pdu.response());
  done();
});

session.on('error', (error) => { throw error; });
