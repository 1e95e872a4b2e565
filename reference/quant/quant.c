typedef int ref_quant_is_coming;
