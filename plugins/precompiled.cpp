// Only there to own the precompiled header that all plugins share.
