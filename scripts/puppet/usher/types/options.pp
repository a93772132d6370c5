# @summary Options of a section of usher.conf.  Which there are, and what each may
#   be, is for usherd to say: it checks the file before it is put in place.
type Usher::Options = Hash[Pattern[/\A[a-z][a-z0-9-]*\z/], Usher::Value]
