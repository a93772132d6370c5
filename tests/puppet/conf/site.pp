# slow3.test, slow8.test: the node's name says how many seconds a compile takes.
# The port says which server has compiled it.
node /^slow(\d+)\.test$/ {
  $x = generate('/bin/sleep', $1)
  notify { "answered by ${settings::serverport}": }
}
node /^agent\d+\.test$/ {
  $x = generate('/bin/sleep', '2')
  notify { "answered by ${settings::serverport}": }
}
node default { notify { 'hello': } }
