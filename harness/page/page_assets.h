/* page.css and page.js, made into arrays by the Makefile; each ends with a NUL. */
#ifndef LX_PAGE_PAGE_ASSETS_H
#define LX_PAGE_PAGE_ASSETS_H

extern const unsigned char lx_page_css[], lx_page_js[];

#endif
