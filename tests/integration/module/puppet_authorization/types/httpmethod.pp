type Puppet_authorization::Httpmethod = Enum['put', 'post', 'get', 'head', 'delete']
