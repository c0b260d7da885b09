"""Applications bind here: we are the message centre, they are ESMEs. Rules are the services'; here words are translated."""
