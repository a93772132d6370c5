# slow3.test, slow8.test: the node's name says how many seconds a compile takes.
node /^slow(\d+)\.test$/ { $x = generate('/bin/sleep', $1) }
node default { notify { 'hello': } }
