# @summary What an option of usher.conf may be set to: a list is written with
#   blanks between, true and false as yes and no, undef as if it were not there
type Usher::Value = Variant[
  Undef,
  Boolean,
  Numeric,
  Pattern[/\A[^\r\n]*\z/],
  Array[Variant[Numeric, Pattern[/\A[^\r\n]+\z/]], 1],
]
