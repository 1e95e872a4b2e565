typedef int ref_gguf_is_coming;
