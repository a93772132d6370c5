# @summary A path that means itself in a shell's command, too
type Usher::Folder = Pattern[/\A\/[\w.+\/-]*\z/]
