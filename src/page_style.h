#ifndef PAGE_STYLE_H
#define PAGE_STYLE_H

/* The page's style and script, which stand in the page itself. */
extern const char page_style[];
extern const char page_script[];

/* A small square with a dot, as a data: URL. */
extern const char page_icon[];

#endif
