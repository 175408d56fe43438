# cmake -DSOURCE=DIR -DGIVEN=TEXT -DOUTPUT=FILE -P commit.cmake: writes the header with the commit that is built, and
# leaves it alone when nothing has changed. GIVEN is for sources that are not in git; empty: ask git.
set(commit "${GIVEN}")
if(NOT commit AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(text "")
if(commit)
  set(text " (${commit})")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define TENON_COMMIT_TEXT \"@text@\"\n" @ONLY)
