// npm smpp as a message centre: takes all, reports on each by text and TLVs, brings one SMS for the text "call". A line of JSON for each PDU.
'use strict';

const smpp = require('smpp');

const say = (what) => console.log(JSON.stringify(what));
let ids = 0x4700;

function bind(session, pdu) {
  const right = pdu.system_id === 'meters' && pdu.password === 'secret';
  session.send(pdu.response({ command_status: right ? 0 : smpp.ESME_RBINDFAIL, system_id: 'npm' }));
  say({ bind: pdu.command, system_id: pdu.system_id, version: pdu.interface_version, right });
}

const server = smpp.createServer((session) => {
  session.on('error', () => {});
  for (const kind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) session.on(kind, (pdu) => bind(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    say({ unbind: true });
    session.close();
  });
  session.on('submit_sm', (pdu) => {
    const id = (++ids).toString(16).toUpperCase();
    const message = pdu.short_message.message;
    const text = Buffer.isBuffer(message) ? message.toString('hex') : message;
    say({ submit: text, udh: Boolean(pdu.short_message.udh), to: pdu.destination_addr, ton: pdu.dest_addr_ton, coding: pdu.data_coding });
    session.send(pdu.response({ message_id: id }));
    session.deliver_sm({
      source_addr: pdu.destination_addr,
      source_addr_ton: pdu.dest_addr_ton,
      destination_addr: pdu.source_addr,
      esm_class: 4,
      short_message: `id:${id} sub:001 dlvrd:001 submit date:2711281200 done date:2711281201 stat:DELIVRD err:000 text:`,
      receipted_message_id: id,
      message_state: 2,
    }, (answer) => say({ answer: answer.command_status, to: 'receipt' }));
    if (text === 'call') {
      // as UCS-2: left to itself the library writes GSM septets and calls them data_coding 1, which is ASCII
      const sms = { source_addr: '4917012345', source_addr_ton: 1, destination_addr: '1000', data_coding: 8, short_message: 'Zähler 5 €' };
      session.deliver_sm(sms, (answer) => say({ answer: answer.command_status, to: 'sms' }));
    }
  });
});
server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));
process.on('SIGTERM', () => process.exit(0));
