# Stands in for puppetlabs-puppet_authorization, which Debian does not have: the
# parameters and types are those of its define, and nothing is written.
define puppet_authorization::rule (
  Stdlib::Absolutepath                                           $path,
  Enum['present', 'absent']                                      $ensure                     = 'present',
  String                                                         $rule_name                  = $name,
  Variant[Array[Variant[String, Hash]], String, Hash, Undef]     $allow                      = undef,
  Boolean                                                        $allow_unauthenticated      = false,
  Variant[Array[Variant[String, Hash]], String, Hash, Undef]     $deny                       = undef,
  Variant[Array[Puppet_authorization::Httpmethod],
    Puppet_authorization::Httpmethod, Undef]                     $match_request_method       = undef,
  Hash                                                           $match_request_query_params = {},
  Integer                                                        $sort_order                 = 200,
  Optional[String]                                               $match_request_path         = undef,
  Optional[Enum['path', 'regex']]                                $match_request_type         = undef,
) {
  if $allow_unauthenticated and ($allow or $deny) {
    fail('$allow and $deny cannot be specified if $allow_unauthenticated is true')
  }
  if !$allow and !$deny and !$allow_unauthenticated {
    fail('One of $allow or $deny is required if $allow_unauthenticated is false')
  }
}
