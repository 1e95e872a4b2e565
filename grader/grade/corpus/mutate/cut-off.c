int f() { if ((a <= "x\"
#define Y \
 { } ( 0xe+1 /* 